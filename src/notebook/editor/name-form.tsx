import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../../api/schema';
import type { IPipelineModel } from '../../tokens';
import { explain } from '../../ui/explain';
import { ProblemList } from './problem-list';
import { FieldError } from './settings-fields';
import { judge, useCheck } from './use-check';

export interface INameFormProps {
  model: IPipelineModel;
  trans: TranslationBundle;
  title: string;
  /** What is there at first. */
  initial: string;
  /** Names to choose from. */
  names: readonly string[];
  /** What a name means; none when it changes nothing. */
  edits: (name: string) => schema.Edit[];
  done: () => void;
}

/** Asks for the name of a step: of several cells, or a new one for a step. */
export function NameForm({
  model,
  trans,
  title,
  initial,
  names,
  edits,
  done
}: INameFormProps): React.JSX.Element {
  const id = React.useId();
  const [name, setName] = React.useState(initial);
  const [failure, setFailure] = React.useState<string | null>(null);
  const input = React.useRef<HTMLInputElement>(null);
  const wanted = name.trim() === '' ? [] : edits(name.trim());
  const verdict = useCheck(model, wanted);
  const refused = verdict.refused ?? failure;
  React.useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);

  const apply = async () => {
    if ((await judge(model, wanted)).refused !== null) {
      return;
    }
    try {
      await model.edit(wanted);
      done();
    } catch (error) {
      const { what, todo } = explain(error, trans);
      setFailure(`${what} ${todo}`);
    }
  };
  return (
    <form
      className="kfj-Editor"
      aria-label={title}
      onSubmit={event => {
        event.preventDefault();
        if (wanted.length > 0) {
          void apply();
        }
      }}
    >
      <div className="kfj-Field">
        <label htmlFor={id}>{title}</label>
        <input
          id={id}
          ref={input}
          className="jp-mod-styled"
          list={`${id}-names`}
          spellCheck={false}
          autoComplete="off"
          placeholder={trans.__('Name of a step')}
          value={name}
          aria-invalid={refused !== null}
          aria-describedby={refused === null ? undefined : `${id}-error`}
          onChange={event => {
            setFailure(null);
            setName(event.target.value);
          }}
        />
        <datalist id={`${id}-names`}>
          {names.map(one => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <FieldError id={`${id}-error`} text={refused} />
      </div>
      {verdict.problems.length > 0 && (
        <div className="kfj-Editor-outlook">
          <p>{trans.__('With this change:')}</p>
          <ProblemList problems={verdict.problems.slice(0, 5)} trans={trans} />
        </div>
      )}
      <div className="kfj-Editor-buttons">
        <button type="button" className="jp-mod-styled jp-mod-reject" onClick={done}>
          {trans.__('Cancel')}
        </button>
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={wanted.length === 0 || (verdict.settled && refused !== null)}
        >
          {trans.__('Apply')}
        </button>
      </div>
    </form>
  );
}
