import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { severityNode, worst } from '../ui/severity';
import { hueClass } from '../ui/step-color';
import { chipLabel, chipText, type ICellState } from './cells';

/** What a cell is in the pipeline, shown in the cell. Plain elements: a notebook may have a thousand. */
export class Chip extends Widget {
  readonly button: HTMLButtonElement;
  private shown = '';

  /** `node` of the cell gets the colour of the step. */
  constructor(
    private readonly cellNode: HTMLElement,
    private readonly trans: TranslationBundle,
    edit: (chip: Chip) => void,
    leave: () => void
  ) {
    super();
    this.addClass('kfj-Chip');
    this.button = document.createElement('button');
    this.button.type = 'button';
    this.button.className = 'kfj-Chip-button';
    this.button.tabIndex = -1;
    this.button.setAttribute('aria-haspopup', 'dialog');
    // Else the notebook takes Enter and Space, which press a button, for its own.
    this.button.setAttribute('data-lm-suppress-shortcuts', 'true');
    this.button.addEventListener('click', () => edit(this));
    this.button.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        event.preventDefault();
        leave();
      }
    });
    this.node.append(this.button);
    this.hide();
  }

  /** Show a state; null when nothing is known of the cell. */
  display(state: ICellState | null): void {
    const shown = JSON.stringify(state);
    if (shown === this.shown) {
      return;
    }
    this.shown = shown;
    this.setHidden(state === null);
    this.cellNode.classList.remove(...[...this.cellNode.classList].filter(name => name.startsWith('kfj-')));
    if (state === null) {
      return;
    }
    const { step, role, by, problems } = state;
    if (by !== 'nothing') {
      this.cellNode.classList.add('kfj-Cell', `kfj-by-${by}`, `kfj-role-${role}`);
      if (role === 'step' && step !== null) {
        this.cellNode.classList.add(hueClass(step));
      }
    }
    const quiet = by !== 'tag' && problems.length === 0;
    this.node.className = `lm-Widget kfj-Chip kfj-by-${by}${quiet ? ' kfj-mod-quiet' : ''}`;
    const label = chipLabel(state, this.trans);
    this.button.setAttribute('aria-label', label);
    this.button.title = label;
    this.button.replaceChildren(
      span('kfj-Chip-mark', by === 'nothing' ? '+' : by === 'above' ? '↳' : ''),
      span('kfj-Chip-name', chipText(state, this.trans)),
      ...(state.after.length > 0
        ? [span('kfj-Chip-after', this.trans.__('after %1', state.after.join(', ')))]
        : [])
    );
    const severity = worst(problems);
    if (severity) {
      const badge = span('kfj-Chip-problems', String(problems.length));
      badge.prepend(severityNode(severity));
      this.button.append(badge);
    }
  }
}

function span(className: string, text: string): HTMLSpanElement {
  const node = document.createElement('span');
  node.className = className;
  node.textContent = text;
  return node;
}
