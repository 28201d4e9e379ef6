import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { PipelineView } from '../api/schema';
import { LockableButton, LockNote } from '../ui/locked';
import { Problem } from '../ui/message';
import { useSignal } from '../ui/signal';
import { type IField, textOf } from './form';
import type { RunForm } from './run-form';
import { RunOptions } from './run-options';
import type { Session } from './session';
import type { ITools } from './tools';

/** The form that starts a run. */
export function RunFormPart({
  form,
  session,
  view,
  blocked,
  tools
}: {
  form: RunForm;
  session: Session;
  view: PipelineView;
  blocked: boolean;
  tools: Pick<ITools, 'policy' | 'trans'>;
}): React.JSX.Element {
  const { policy, trans } = tools;
  useSignal(form.changed);
  const locked = policy.whyOff('run');
  const note = React.useId();
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
        if (locked === null) {
          void form.submit();
        }
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
      <RunOptions form={form} view={view} open={form.fields.length === 0} policy={policy} trans={trans} />
      {form.error !== null && <Problem error={form.error} trans={trans} />}
      {form.problems.map(problem => (
        <p key={problem.message} className="kfj-RunField-fault">
          {problem.message}
        </p>
      ))}
      <div className="kfj-Bar">
        <LockableButton
          why={locked}
          note={note}
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          disabled={blocked || form.busy}
        >
          {form.busy ? trans.__('Starting…') : trans.__('Run')}
        </LockableButton>
        <button type="button" className="jp-mod-styled" onClick={() => session.dismiss()}>
          {trans.__('Cancel')}
        </button>
      </div>
      {locked !== null && <LockNote id={note} why={locked} />}
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
