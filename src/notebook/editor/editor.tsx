import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../../api/schema';
import type { IPipelineModel, IPolicy } from '../../tokens';
import { explain } from '../../ui/explain';
import { useSignal } from '../../ui/signal';
import { problemsByCell } from '../cells';
import { type IDraft, Place } from './draft';
import { AfterPart, SettingsPart, StepPart } from './parts';
import { ProblemList } from './problem-list';
import type { Metadata } from './settings';
import { judge, useCheck } from './use-check';

export interface IEditorProps {
  model: IPipelineModel;
  /** The id of a cell that the model's view knows. */
  cell: string;
  policy: IPolicy;
  trans: TranslationBundle;
  /** Whether the name of the step gets the focus. */
  focus: boolean;
  /** The draft was made, or dropped. */
  done: () => void;
  /** Whether there is something to be lost. */
  dirty?: (is: boolean) => void;
}

/** What one cell is in the pipeline, and how its step runs: a form whose draft the server judges while it is written. */
export function Editor(props: IEditorProps): React.JSX.Element {
  const { model, cell, policy, trans, done } = props;
  useSignal(policy.changed);
  const [draft, setDraft] = React.useState<IDraft>({});
  const [failure, setFailure] = React.useState<unknown>(null);
  const [busy, setBusy] = React.useState(false);
  const place = usePlace(model, cell);
  const edits = React.useMemo(() => place?.edits(draft) ?? [], [place, draft]);
  const verdict = useCheck(model, edits);
  const { dirty } = props;
  React.useEffect(() => {
    dirty?.(edits.length > 0);
  }, [dirty, edits]);

  if (place === null) {
    return <p className="kfj-Editor">{trans.__('This cell is gone, or is no longer a code cell.')}</p>;
  }

  const change = (changed: IDraft) => {
    setFailure(null);
    setDraft({ ...draft, ...changed });
  };
  const make = async (wanted: schema.Edit[], then?: () => void) => {
    setBusy(true);
    try {
      await model.edit(wanted);
      then?.();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const apply = async () => {
    const { refused, fields } = edits.length > 0 ? await judge(model, edits) : verdict;
    if (refused === null && fields.size === 0) {
      await make(edits, () => {
        setDraft({});
        done();
      });
    }
  };
  const drop = () => {
    setDraft({});
    done();
  };

  const target = place.target(draft);
  const problems = problemsByCell(place.view).get(cell) ?? [];
  const disabled = model.readOnly || busy;
  return (
    <form
      className="kfj-Editor"
      aria-label={trans.__('Cell in the pipeline')}
      onSubmit={event => {
        event.preventDefault();
        if (!disabled) {
          void apply();
        }
      }}
      onKeyDown={event => {
        // In a field of several lines Enter begins a line.
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.currentTarget.requestSubmit();
        }
      }}
    >
      {model.readOnly && (
        <p className="kfj-Editor-note" role="status">
          {trans.__('This notebook is read-only. To change its steps, save a copy and change that.')}
        </p>
      )}
      {problems.length > 0 && (
        <ProblemList
          problems={problems}
          trans={trans}
          fix={disabled ? undefined : edit => void make([edit])}
        />
      )}
      <StepPart
        {...{ place, draft, change, disabled, trans, refused: verdict.refused, focus: props.focus }}
      />
      {target !== null && (
        <>
          <AfterPart {...{ place, draft, change, disabled, trans, target }} />
          <SettingsPart
            {...{ place, draft, change, disabled, policy, trans, target, errors: verdict.fields }}
          />
        </>
      )}
      {verdict.problems.length > 0 && (
        <div className="kfj-Editor-outlook">
          <p>{trans.__('With this change:')}</p>
          <ProblemList problems={verdict.problems.slice(0, 5)} trans={trans} />
        </div>
      )}
      {failure !== null && <Failed error={failure} trans={trans} />}
      <div className="kfj-Editor-buttons">
        <button
          type="button"
          className="jp-mod-styled kfj-Editor-clear"
          disabled={disabled || place.choice === 'follow'}
          onClick={() => void make([{ action: 'clear', arguments: { cell } }], drop)}
        >
          {trans.__('Remove tags')}
        </button>
        <button type="button" className="jp-mod-styled jp-mod-reject" onClick={drop}>
          {trans.__('Cancel')}
        </button>
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={disabled || (verdict.settled && (verdict.refused !== null || verdict.fields.size > 0))}
        >
          {trans.__('Apply')}
        </button>
      </div>
    </form>
  );
}

/** The cell in the newest analysis; null when it is not in it. */
function usePlace(model: IPipelineModel, cell: string): Place | null {
  const [view, setView] = React.useState(model.view);
  React.useEffect(() => {
    const changed = () => setView(model.view);
    changed();
    model.changed.connect(changed);
    return () => {
      model.changed.disconnect(changed);
    };
  }, [model]);
  return React.useMemo(() => {
    if (!view?.cells.some(one => one.id === cell)) {
      return null;
    }
    const metadata = new Map<string, Metadata>(
      model.content().cells.map(one => [one.id, one.metadata ?? {}])
    );
    return new Place(cell, view, id => metadata.get(id) ?? {});
  }, [model, view, cell]);
}

function Failed({ error, trans }: { error: unknown; trans: TranslationBundle }): React.JSX.Element {
  const { what, todo } = explain(error, trans);
  return (
    <div className="kfj-FieldError" role="alert">
      <p>{what}</p>
      <p>{todo}</p>
    </div>
  );
}
