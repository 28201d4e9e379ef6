import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPolicy } from '../../tokens';
import { LockNote } from '../../ui/locked';
import type { Field, Texts } from './settings';

interface IFieldsProps {
  texts: Texts;
  errors: ReadonlyMap<Field, string>;
  disabled: boolean;
  policy: IPolicy;
  onChange: (field: Field, text: string) => void;
  trans: TranslationBundle;
}

/** How a step runs. */
export function SettingsFields(props: IFieldsProps): React.JSX.Element {
  const { policy, trans } = props;
  const text = (field: Field, label: string, example: string, limit?: ILimit | null) => (
    <TextField key={field} {...props} {...{ field, label, example }} limit={limit ?? null} />
  );
  return (
    <div className="kfj-Fields">
      {text('cpu', trans.__('CPU cores'), '2')}
      {text('memory', trans.__('Memory'), '4Gi', memoryLimit(policy, trans))}
      {text('gpus', trans.__('GPUs'), '1')}
      {text('gpuKind', trans.__('Kind of GPU'), 'nvidia.com/gpu')}
      {text('retries', trans.__('Retries'), '2')}
      {text('timeout', trans.__('Time limit'), '30m')}
      <div className="kfj-Fields-wide">
        {text('image', trans.__('Container image'), 'python:3.12-slim', imageLimit(policy, trans))}
      </div>
      <CacheField {...props} />
      <EnvField {...props} />
    </div>
  );
}

/** What the administrator allows in a field. */
interface ILimit {
  readonly why: string;
  /** What can be chosen as it is. */
  readonly choices: readonly string[];
}

function memoryLimit({ maxMemory, reason }: IPolicy, trans: TranslationBundle): ILimit | null {
  return maxMemory === null
    ? null
    : { why: [trans.__('At most %1.', memoryWord(maxMemory)), reason].join(' '), choices: [] };
}

function imageLimit({ images, reason }: IPolicy, trans: TranslationBundle): ILimit | null {
  return images.length === 0
    ? null
    : {
        why: [trans.__('Only these images: %1.', images.join(', ')), reason].join(' '),
        choices: images.filter(pattern => !/[*?[]/.test(pattern))
      };
}

/** Bytes as they are written in the field. */
function memoryWord(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let [value, unit] = [bytes, 0];
  while (unit < units.length - 1 && value >= 1024 && value % 1024 === 0) {
    [value, unit] = [value / 1024, unit + 1];
  }
  return `${value}${units[unit]}`;
}

function TextField({
  field,
  label,
  example,
  limit,
  texts,
  errors,
  disabled,
  onChange,
  trans
}: IFieldsProps & {
  field: Field;
  label: string;
  example: string;
  limit: ILimit | null;
}): React.JSX.Element {
  const id = React.useId();
  const about = [errors.has(field) && `${id}-error`, limit && `${id}-limit`].filter(Boolean).join(' ');
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
        list={limit && limit.choices.length > 0 ? `${id}-choices` : undefined}
        aria-invalid={errors.has(field)}
        aria-describedby={about || undefined}
        onChange={event => onChange(field, event.target.value)}
      />
      <FieldError id={`${id}-error`} text={errors.get(field)} />
      {limit && <LockNote id={`${id}-limit`} why={limit.why} />}
      {limit && limit.choices.length > 0 && (
        <datalist id={`${id}-choices`}>
          {limit.choices.map(choice => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
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
