import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPolicy } from '../../tokens';
import { roleWord } from '../../ui/role';
import type { Choice, IDraft, Place } from './draft';
import { type Field, FIELDS } from './settings';
import { FieldError, SettingsFields } from './settings-fields';

const CHOICES = ['step', 'imports', 'functions', 'pipeline-parameters', 'pipeline-metrics', 'skip'] as const;

interface IPartProps {
  place: Place;
  draft: IDraft;
  change: (changed: IDraft) => void;
  disabled: boolean;
  trans: TranslationBundle;
}

/** The name of the step, and the role. */
export function StepPart(props: IPartProps & { refused: string | null; focus: boolean }): React.JSX.Element {
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

/** What the step runs after, beyond what its data say. */
export function AfterPart(props: IPartProps & { target: string }): React.JSX.Element | null {
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

/** How the step runs, folded away while nothing is said of it. */
export function SettingsPart(
  props: IPartProps & { target: string; policy: IPolicy; errors: ReadonlyMap<Field, string> }
): React.JSX.Element {
  const { place, draft, change, disabled, policy, trans, target, errors } = props;
  const texts = { ...place.texts(target), ...draft.settings };
  const [initially] = React.useState(() => FIELDS.some(field => texts[field] !== ''));
  return (
    <details className="kfj-Settings" open={initially}>
      <summary>{trans.__('How the step %1 runs', target)}</summary>
      <SettingsFields
        texts={texts}
        errors={errors}
        disabled={disabled}
        policy={policy}
        trans={trans}
        onChange={(field, text) => change({ settings: { ...draft.settings, [field]: text } })}
      />
    </details>
  );
}
