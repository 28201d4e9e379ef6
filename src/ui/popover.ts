import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type * as React from 'react';

const GAP = 4;
const TABBABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';

export interface IPopoverOptions {
  /** What it belongs to; it stands under it, or above where there is no room. */
  anchor: Element;
  /** What a screen reader calls it. */
  label: string;
  body: (close: () => void) => React.JSX.Element;
  /** Whether a click elsewhere closes it; not while that would lose something. */
  mayClose?: () => boolean;
  /** It is closed; the focus is where it was before. */
  closed?: () => void;
}

/** A small dialog beside what it is about. The keyboard stays in it until Escape; then the focus goes back to where it was. */
export class Popover extends ReactWidget {
  private readonly before = document.activeElement;
  private readonly size = new ResizeObserver(() => this.place());

  constructor(private readonly options: IPopoverOptions) {
    super();
    this.addClass('kfj-Popover');
    this.addClass('jp-ThemedContainer');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-modal', 'true');
    this.node.setAttribute('aria-label', options.label);
    this.node.tabIndex = -1;
  }

  open(): void {
    Widget.attach(this, document.body);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    const inside = this.node.contains(document.activeElement) || document.activeElement === document.body;
    super.dispose();
    if (inside && this.before instanceof HTMLElement && this.before.isConnected) {
      this.before.focus();
    }
    this.options.closed?.();
  }

  protected override render(): React.JSX.Element {
    return this.options.body(() => this.dispose());
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.size.observe(this.node);
    this.node.addEventListener('keydown', this.pressed);
    document.addEventListener('pointerdown', this.elsewhere, true);
    window.addEventListener('resize', this.place);
    this.place();
  }

  protected override onBeforeDetach(message: Message): void {
    this.size.disconnect();
    this.node.removeEventListener('keydown', this.pressed);
    document.removeEventListener('pointerdown', this.elsewhere, true);
    window.removeEventListener('resize', this.place);
    super.onBeforeDetach(message);
  }

  private readonly place = () => {
    const anchor = this.options.anchor.getBoundingClientRect();
    const own = this.node.getBoundingClientRect();
    const below = window.innerHeight - anchor.bottom - 2 * GAP;
    const above = anchor.top - 2 * GAP;
    const top = own.height <= below || below >= above ? anchor.bottom + GAP : anchor.top - GAP - own.height;
    const fit = (wanted: number, size: number, room: number) =>
      Math.max(GAP, Math.min(wanted, room - size - GAP));
    this.node.style.top = `${fit(top, own.height, window.innerHeight)}px`;
    this.node.style.left = `${fit(anchor.left, own.width, window.innerWidth)}px`;
  };

  private readonly elsewhere = (event: Event) => {
    if (
      event.target instanceof Node &&
      !this.node.contains(event.target) &&
      (this.options.mayClose?.() ?? true)
    ) {
      this.dispose();
    }
  };

  private readonly pressed = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      this.dispose();
    } else if (event.key === 'Tab') {
      const stops = [...this.node.querySelectorAll<HTMLElement>(TABBABLE)].filter(
        stop => stop.tabIndex >= 0 && !stop.matches(':disabled') && stop.getClientRects().length > 0
      );
      const [first, last] = [stops[0], stops.at(-1)];
      const edge = event.shiftKey ? first : last;
      if (document.activeElement === edge || !this.node.contains(document.activeElement)) {
        event.preventDefault();
        (event.shiftKey ? last : first)?.focus();
      }
    }
  };
}
