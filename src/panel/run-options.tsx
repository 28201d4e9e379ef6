import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView } from '../api/schema';
import type { IFixed, IPolicy } from '../tokens';
import { LockNote } from '../ui/locked';
import type { RunForm } from './run-form';

interface IProps {
  form: RunForm;
  policy: IPolicy;
  trans: TranslationBundle;
}

/** How a run is to go, besides its parameters. What the administrator has fixed is shown, and why it cannot be chosen. */
export function RunOptions(props: IProps & { view: PipelineView; open: boolean }): React.JSX.Element {
  const { form, view, open, policy, trans } = props;
  const { options } = form;
  const chooseStep = (name: string, chosen: boolean) =>
    form.choose({ steps: chosen ? [...options.steps, name] : options.steps.filter(step => step !== name) });
  return (
    <details className="kfj-Options" open={open || undefined}>
      <summary>{trans.__('Options')}</summary>
      <Box
        label={trans.__('Reuse nothing of earlier runs')}
        checked={!options.cache}
        fixed={policy.fixed('cache')}
        choose={checked => form.choose({ cache: !checked })}
      />
      <Box
        label={trans.__('Go on with other steps when one fails')}
        checked={options.keepGoing}
        fixed={policy.fixed('keep_going')}
        choose={keepGoing => form.choose({ keepGoing })}
      />
      <MaxParallel {...props} />
      <Target {...props} />
      <Kernel {...props} />
      <fieldset>
        <legend>{trans.__('Only these steps, with what they need')}</legend>
        {view.steps.map(({ name }) => (
          <Box
            key={name}
            label={name}
            checked={options.steps.includes(name)}
            fixed={null}
            choose={chosen => chooseStep(name, chosen)}
          />
        ))}
      </fieldset>
    </details>
  );
}

/** A choice between yes and no. A fixed one can be reached by keyboard and does nothing. */
function Box({
  label,
  checked,
  fixed,
  choose
}: {
  label: string;
  checked: boolean;
  fixed: IFixed | null;
  choose: (checked: boolean) => void;
}): React.JSX.Element {
  const note = React.useId();
  return (
    <>
      <label className="kfj-Option">
        <input
          type="checkbox"
          checked={checked}
          {...locked(fixed?.why ?? null, note)}
          onChange={event => fixed === null && choose(event.currentTarget.checked)}
        />
        {label}
      </label>
      {fixed && <LockNote id={note} why={fixed.why} />}
    </>
  );
}

function MaxParallel({ form, policy, trans }: IProps): React.JSX.Element {
  const id = React.useId();
  const fixed = policy.fixed('max_parallel');
  const limit = policy.maxParallel;
  const why =
    fixed?.why ??
    (limit === null ? null : [trans.__('At most %1 on this server.', limit), policy.reason].join(' '));
  return (
    <>
      <label className="kfj-Option" htmlFor={id}>
        {trans.__('Steps at the same time, at most')}
        <input
          id={id}
          className="jp-mod-styled"
          type="number"
          min="1"
          max={limit ?? 4096}
          placeholder={limit === null ? trans.__('automatic') : trans.__('automatic, at most %1', limit)}
          value={form.options.maxParallel}
          readOnly={fixed !== null}
          aria-describedby={why === null ? undefined : `${id}-note`}
          onChange={event => form.choose({ maxParallel: event.currentTarget.value })}
        />
      </label>
      {why !== null && <LockNote id={`${id}-note`} why={why} />}
    </>
  );
}

/** Where the run happens, where there is a choice, or would be without the administrator. */
function Target({ form, policy, trans }: IProps): React.JSX.Element | null {
  const id = React.useId();
  const { targets } = policy;
  const fixed = policy.fixed('target');
  const forbidden = targets.filter(({ why }) => why !== null);
  if (targets.length < 2 && forbidden.length === 0 && fixed === null) {
    return null;
  }
  const notes = fixed ? [fixed.why] : forbidden.map(({ name, why }) => `${targetWord(name, trans)}: ${why}`);
  return (
    <>
      <label className="kfj-Option" htmlFor={id}>
        {trans.__('Where')}
        <div className="jp-select-wrapper kfj-Select">
          <select
            id={id}
            className="jp-mod-styled"
            value={form.options.target}
            {...locked(fixed ? fixed.why : null, `${id}-note`)}
            aria-describedby={notes.length > 0 ? `${id}-note` : undefined}
            onChange={event => fixed === null && form.choose({ target: event.currentTarget.value })}
          >
            {targets.map(({ name, why }) => (
              <option key={name} value={name} disabled={why !== null}>
                {why === null ? targetWord(name, trans) : trans.__('%1 (locked)', targetWord(name, trans))}
              </option>
            ))}
          </select>
        </div>
      </label>
      <div id={`${id}-note`}>
        {notes.map(note => (
          <LockNote key={note} why={note} />
        ))}
      </div>
    </>
  );
}

function targetWord(name: string, trans: TranslationBundle): string {
  return name === 'local' ? trans.__('On this Jupyter server') : name;
}

/** The kernel is the notebook's; it is only spoken of where it is another. */
function Kernel({ policy, trans }: IProps): React.JSX.Element | null {
  const id = React.useId();
  const fixed = policy.fixed('kernel');
  if (fixed === null) {
    return null;
  }
  return (
    <>
      <label className="kfj-Option" htmlFor={id}>
        {trans.__('Kernel')}
        <input
          id={id}
          className="jp-mod-styled"
          value={typeof fixed.value === 'string' ? fixed.value : trans.__('That of the notebook')}
          readOnly
          aria-describedby={`${id}-note`}
        />
      </label>
      <LockNote id={`${id}-note`} why={fixed.why} />
    </>
  );
}

/** A control that can be reached and not be changed. */
function locked(why: string | null, note: string) {
  return why === null ? {} : ({ 'aria-disabled': true, 'aria-describedby': note } as const);
}
