import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../../api/schema';
import { Inline, SeverityGlyph } from '../../ui/glyphs';
import { severityWord } from '../../ui/severity';

/** Problems, each with its fix: a button where kfjlab can make it, else advice. */
export function ProblemList({
  problems,
  fix,
  trans
}: {
  problems: readonly schema.Problem[];
  /** Make a fix; undefined where nothing can be changed. */
  fix?: (edit: schema.Edit) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <ul className="kfj-CellProblems" aria-label={trans.__('Problems')}>
      {problems.map((problem, index) => (
        <li key={index}>
          <Inline>
            <SeverityGlyph severity={problem.severity} />
          </Inline>
          <div>
            <span className="kfj-spoken">{severityWord(problem.severity, trans)}: </span>
            {typeof problem.line === 'number' && (
              <span className="kfj-CellProblems-line">{trans.__('Line %1', problem.line)} · </span>
            )}
            {problem.message}
            <Mend fix={problem.fix ?? null} make={fix} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function Mend({
  fix,
  make
}: {
  fix: schema.Fix | null;
  make?: (edit: schema.Edit) => void;
}): React.JSX.Element | null {
  if (fix === null) {
    return null;
  }
  const { action, title } = fix;
  if (typeof action !== 'string' || !make) {
    return <p className="kfj-CellProblems-advice">{title}</p>;
  }
  return (
    <button
      type="button"
      className="jp-mod-styled kfj-CellProblems-fix"
      onClick={() => make({ action, arguments: fix.arguments ?? {} })}
    >
      {title}
    </button>
  );
}
