import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type * as schema from '../../api/schema';
import type { IPipelineModel } from '../../tokens';
import { explain } from '../../ui/explain';
import { problemsByCell, roleWord } from '../cells';
import { type Choice, type IDraft, Place } from './draft';
import { ProblemList } from './problem-list';
import { FieldError, SettingsFields } from './settings-fields';
import { type Field, FIELDS, type Metadata } from './settings';
import { judge, useCheck } from './use-check';

const CHOICES = ['step', 'imports', 'functions', 'pipeline-parameters', 'pipeline-metrics', 'skip'] as const;

export interface IEditorProps {
  model: IPipelineModel;
  /** The id of a cell that the model's view knows. */
  cell: string;
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
  const { model, cell, trans, done } = props;
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
          <SettingsPart {...{ place, draft, change, disabled, trans, target, errors: verdict.fields }} />
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

interface IPartProps {
  place: Place;
  draft: IDraft;
  change: (changed: IDraft) => void;
  disabled: boolean;
  trans: TranslationBundle;
}

function StepPart(props: IPartProps & { refused: string | null; focus: boolean }): React.JSX.Element {
  const { place, draft, change, disabled, trans, refused, focus } = props;
  const id = React.useId();
  const name = React.useRef<HTMLInputElement>(null);
  React.useEffect(() => {
    if (focus) {
      name.current?.focus();
      name.current?.select();
    }
  }, [focus]);
  const choice = draft.choice ?? place.choice;
  const step = draft.step ?? place.step;
  const named = choice === 'step' || choice === 'follow';
  const follow = place.state.by === 'nothing' ? trans.__('No tag') : trans.__('Follows the cell above');
  const choose = (chosen: Choice) =>
    change(chosen === 'follow' ? { choice: chosen, step: undefined } : { choice: chosen });
  return (
    <div className="kfj-Fields">
      <div className="kfj-Field">
        <label htmlFor={`${id}-name`}>{trans.__('Step')}</label>
        <input
          id={`${id}-name`}
          ref={name}
          className="jp-mod-styled"
          list={`${id}-steps`}
          spellCheck={false}
          autoComplete="off"
          placeholder={
            choice === 'follow' && place.state.by === 'above' && place.state.step !== null
              ? trans.__('%1, as above', place.state.step)
              : trans.__('Name of a step')
          }
          value={named ? step : ''}
          disabled={disabled || !named}
          aria-invalid={refused !== null}
          aria-describedby={refused === null ? undefined : `${id}-error`}
          onChange={event =>
            change({ step: event.target.value, choice: event.target.value ? 'step' : place.choice })
          }
        />
        <datalist id={`${id}-steps`}>
          {place.view.steps
            .filter(one => !one.implicit && one.role === 'step')
            .map(one => (
              <option key={one.name} value={one.name} />
            ))}
        </datalist>
      </div>
      <div className="kfj-Field">
        <label htmlFor={`${id}-role`}>{trans.__('Role')}</label>
        <select
          id={`${id}-role`}
          className="jp-mod-styled"
          value={choice}
          disabled={disabled}
          onChange={event => choose(event.target.value as Choice)}
        >
          <option value="follow">{follow}</option>
          {CHOICES.map(role => (
            <option key={role} value={role}>
              {roleWord(role, trans)}
            </option>
          ))}
        </select>
      </div>
      <div className="kfj-Fields-wide">
        <FieldError id={`${id}-error`} text={refused} />
      </div>
    </div>
  );
}

function AfterPart(props: IPartProps & { target: string }): React.JSX.Element | null {
  const { place, draft, change, disabled, trans, target } = props;
  const chosen = draft.after ?? place.after(target);
  const steps = place.before(target);
  if (steps.length === 0) {
    return null;
  }
  const toggle = (step: string) =>
    change({
      after: chosen.includes(step) ? chosen.filter(one => one !== step) : [...chosen, step]
    });
  return (
    <fieldset className="kfj-After" disabled={disabled}>
      <legend
        title={trans.__('Steps already wait for the data that they use; this is for what data do not say.')}
      >
        {trans.__('Also runs after')}
      </legend>
      {steps.map(step => (
        <label key={step}>
          <input type="checkbox" checked={chosen.includes(step)} onChange={() => toggle(step)} />
          {step}
        </label>
      ))}
    </fieldset>
  );
}

function SettingsPart(
  props: IPartProps & { target: string; errors: ReadonlyMap<Field, string> }
): React.JSX.Element {
  const { place, draft, change, disabled, trans, target, errors } = props;
  const texts = { ...place.texts(target), ...draft.settings };
  const [initially] = React.useState(() => FIELDS.some(field => texts[field] !== ''));
  return (
    <details className="kfj-Settings" open={initially}>
      <summary>{trans.__('How the step %1 runs', target)}</summary>
      <SettingsFields
        texts={texts}
        errors={errors}
        disabled={disabled}
        trans={trans}
        onChange={(field, text) => change({ settings: { ...draft.settings, [field]: text } })}
      />
    </details>
  );
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
