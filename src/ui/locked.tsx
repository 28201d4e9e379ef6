import * as React from 'react';

import { lockIcon } from './icons';

/** Why something cannot be chosen or done here: the administrator's decision. */
export function LockNote({ id, why }: { id?: string; why: string }): React.JSX.Element {
  return (
    <p id={id} className="kfj-Lock">
      <Lock />
      <span>{why}</span>
    </p>
  );
}

export function Lock(): React.JSX.Element {
  return <lockIcon.react tag="span" className="kfj-Lock-icon" elementPosition="center" aria-hidden="true" />;
}

export interface ILockableProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  /** Why it is locked; null when it is not. */
  why: string | null;
  /** The element that says why, if one is in sight. */
  note?: string;
}

/** A button that an administrator can lock. It can still be reached by keyboard, since its description says why. */
export function LockableButton({
  why,
  note,
  onClick,
  className = '',
  children,
  ...button
}: ILockableProps): React.JSX.Element {
  const own = React.useId();
  if (why === null) {
    return (
      <button type="button" {...button} className={className} onClick={onClick}>
        {children}
      </button>
    );
  }
  return (
    <>
      <button
        {...button}
        type="button"
        className={`${className} kfj-mod-locked`}
        disabled={false}
        aria-disabled="true"
        aria-describedby={note ?? own}
        title={why}
      >
        <Lock />
        {children}
      </button>
      {note === undefined && (
        <span id={own} hidden>
          {why}
        </span>
      )}
    </>
  );
}
