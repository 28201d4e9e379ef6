import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView } from '../api/schema';
import { Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import { type IField, textOf } from './form';
import type { RunForm } from './run-form';
import type { Session } from './session';

/** The form that starts a run. */
export function RunFormPart({
  form,
  session,
  view,
  blocked,
  trans
}: {
  form: RunForm;
  session: Session;
  view: PipelineView;
  blocked: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  useSignal(form.changed);
  const own = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => own.current?.querySelector<HTMLElement>('input, textarea')?.focus(), [form]);
  React.useEffect(
    () => own.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus(),
    [form.refusals]
  );
  return (
    <form
      ref={own}
      className="kfj-RunForm"
      aria-label={trans.__('Run')}
      onSubmit={event => {
        event.preventDefault();
        void form.submit();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          session.dismiss();
        }
      }}
    >
      {form.fields.map(field => (
        <Field
          key={field.parameter.name}
          field={field}
          fault={form.faults.get(field.parameter.name)}
          form={form}
          trans={trans}
        />
      ))}
      <Options form={form} view={view} open={form.fields.length === 0} trans={trans} />
      {form.error !== null && <Problem error={form.error} trans={trans} />}
      {form.problems.map(problem => (
        <p key={problem.message} className="kfj-RunField-fault">
          {problem.message}
        </p>
      ))}
      <div className="kfj-Bar">
        <button type="submit" className="jp-mod-styled jp-mod-accept" disabled={blocked || form.busy}>
          {form.busy ? trans.__('Starting…') : trans.__('Run')}
        </button>
        <button type="button" className="jp-mod-styled" onClick={() => session.dismiss()}>
          {trans.__('Cancel')}
        </button>
      </div>
    </form>
  );
}

function Field({
  field,
  fault,
  form,
  trans
}: {
  field: IField;
  fault: string | undefined;
  form: RunForm;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { parameter, text, checked } = field;
  const { name, type, description } = parameter;
  const id = React.useId();
  const about = [description && `${id}-about`, fault && `${id}-fault`].filter(Boolean).join(' ') || undefined;
  const shared = {
    id,
    'aria-invalid': fault !== undefined,
    'aria-describedby': about
  };
  const box = type === 'list' || type === 'dict';
  return (
    <div className="kfj-RunField">
      {type === 'bool' ? (
        <label>
          <input
            {...shared}
            type="checkbox"
            checked={checked}
            onChange={event => form.set(name, { checked: event.currentTarget.checked })}
          />{' '}
          {name}
        </label>
      ) : (
        <>
          <label htmlFor={id}>
            {name} <span className="kfj-dim">{type}</span>
          </label>
          {box ? (
            <textarea
              {...shared}
              className="jp-mod-styled"
              rows={2}
              spellCheck={false}
              value={text}
              placeholder={textOf(parameter, parameter.default)}
              onChange={event => form.set(name, { text: event.currentTarget.value })}
            />
          ) : (
            <input
              {...shared}
              className="jp-mod-styled"
              type="text"
              inputMode={type === 'int' ? 'numeric' : type === 'float' ? 'decimal' : undefined}
              spellCheck={false}
              autoComplete="off"
              value={text}
              placeholder={
                type === 'str' ? undefined : textOf(parameter, parameter.default) || trans.__('none')
              }
              onChange={event => form.set(name, { text: event.currentTarget.value })}
            />
          )}
        </>
      )}
      {description && (
        <div id={`${id}-about`} className="kfj-dim">
          {description}
        </div>
      )}
      {fault && (
        <div id={`${id}-fault`} className="kfj-RunField-fault" role="alert">
          {fault}
        </div>
      )}
    </div>
  );
}

function Options({
  form,
  view,
  open,
  trans
}: {
  form: RunForm;
  view: PipelineView;
  open: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { options } = form;
  const box = (label: string, checked: boolean, choose: (checked: boolean) => void) => (
    <label className="kfj-Option" key={label}>
      <input type="checkbox" checked={checked} onChange={event => choose(event.currentTarget.checked)} />
      {label}
    </label>
  );
  const chooseStep = (name: string, chosen: boolean) =>
    form.choose({ steps: chosen ? [...options.steps, name] : options.steps.filter(step => step !== name) });
  const id = React.useId();
  return (
    <details className="kfj-Options" open={open || undefined}>
      <summary>{trans.__('Options')}</summary>
      {box(trans.__('Reuse nothing of earlier runs'), !options.cache, checked =>
        form.choose({ cache: !checked })
      )}
      {box(trans.__('Go on with other steps when one fails'), options.keepGoing, keepGoing =>
        form.choose({ keepGoing })
      )}
      <label className="kfj-Option" htmlFor={id}>
        {trans.__('Steps at the same time, at most')}
        <input
          id={id}
          className="jp-mod-styled"
          type="number"
          min="1"
          max="4096"
          placeholder={trans.__('automatic')}
          value={options.maxParallel}
          onChange={event => form.choose({ maxParallel: event.currentTarget.value })}
        />
      </label>
      <fieldset>
        <legend>{trans.__('Only these steps, with what they need')}</legend>
        {view.steps.map(({ name }) =>
          box(name, options.steps.includes(name), chosen => chooseStep(name, chosen))
        )}
      </fieldset>
    </details>
  );
}
