import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Field, Texts } from './settings';

interface IFieldsProps {
  texts: Texts;
  errors: ReadonlyMap<Field, string>;
  disabled: boolean;
  onChange: (field: Field, text: string) => void;
  trans: TranslationBundle;
}

/** How a step runs. */
export function SettingsFields(props: IFieldsProps): React.JSX.Element {
  const { trans } = props;
  const text = (field: Field, label: string, example: string) => (
    <TextField key={field} {...props} field={field} label={label} example={example} />
  );
  return (
    <div className="kfj-Fields">
      {text('cpu', trans.__('CPU cores'), '2')}
      {text('memory', trans.__('Memory'), '4Gi')}
      {text('gpus', trans.__('GPUs'), '1')}
      {text('gpuKind', trans.__('Kind of GPU'), 'nvidia.com/gpu')}
      {text('retries', trans.__('Retries'), '2')}
      {text('timeout', trans.__('Time limit'), '30m')}
      <div className="kfj-Fields-wide">{text('image', trans.__('Container image'), 'python:3.12-slim')}</div>
      <CacheField {...props} />
      <EnvField {...props} />
    </div>
  );
}

function TextField({
  field,
  label,
  example,
  texts,
  errors,
  disabled,
  onChange,
  trans
}: IFieldsProps & { field: Field; label: string; example: string }): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="kfj-Field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="jp-mod-styled"
        spellCheck={false}
        autoComplete="off"
        placeholder={trans.__('for example %1', example)}
        value={texts[field]}
        disabled={disabled}
        aria-invalid={errors.has(field)}
        aria-describedby={errors.has(field) ? `${id}-error` : undefined}
        onChange={event => onChange(field, event.target.value)}
      />
      <FieldError id={`${id}-error`} text={errors.get(field)} />
    </div>
  );
}

function CacheField({ texts, errors, disabled, onChange, trans }: IFieldsProps): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="kfj-Field kfj-Fields-wide">
      <label htmlFor={id}>{trans.__('Results of earlier runs')}</label>
      <select
        id={id}
        className="jp-mod-styled"
        value={texts.cache}
        disabled={disabled}
        onChange={event => onChange('cache', event.target.value)}
      >
        <option value="">{trans.__('As the notebook says')}</option>
        <option value="true">{trans.__('Use them when nothing has changed')}</option>
        <option value="false">{trans.__('Never use them')}</option>
      </select>
      <FieldError id={`${id}-error`} text={errors.get('cache')} />
    </div>
  );
}

function EnvField({ texts, errors, disabled, onChange, trans }: IFieldsProps): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="kfj-Field kfj-Fields-wide">
      <label htmlFor={id}>{trans.__('Environment variables, one on each line')}</label>
      <textarea
        id={id}
        className="jp-mod-styled"
        rows={Math.min(6, texts.env.split('\n').length + 1)}
        spellCheck={false}
        placeholder={trans.__('for example %1', 'LEVEL=info')}
        value={texts.env}
        disabled={disabled}
        aria-invalid={errors.has('env')}
        aria-describedby={errors.has('env') ? `${id}-error` : undefined}
        onChange={event => onChange('env', event.target.value)}
      />
      <FieldError id={`${id}-error`} text={errors.get('env')} />
    </div>
  );
}

/** Why a field is refused, below it. */
export function FieldError({ id, text }: { id: string; text?: string | null }): React.JSX.Element | null {
  return text ? (
    <p id={id} className="kfj-FieldError" role="alert">
      {text}
    </p>
  ) : null;
}
