import { type ISignal, Signal } from '@lumino/signaling';

import type { ISettings, ISettingValues } from '../tokens';

/** As in `schema/plugin.json`; they hold until the settings have been read, and where there are none. */
export const DEFAULTS: ISettingValues = {
  showChips: true,
  colorCells: true,
  redrawDelay: 0,
  graphDirection: 'down',
  graphFigures: true,
  graphRun: true,
  askBeforeRun: 'parameters',
  openRunPage: false,
  reuseResults: true,
  keepGoing: false,
  maxParallel: 0,
  confirmDelete: true
};

/** See {@link ISettings}. */
export class Settings implements ISettings {
  private _value = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);

  get value(): ISettingValues {
    return this._value;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** JupyterLab has validated them against the schema. */
  set(values: Partial<ISettingValues>): void {
    this._value = { ...DEFAULTS, ...values };
    this._changed.emit();
  }
}
