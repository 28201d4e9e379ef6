/** The parts of a run's page. */
export const TABS = ['steps', 'timeline', 'logs', 'results', 'artifacts', 'values', 'environment'] as const;
export type Tab = (typeof TABS)[number];

/** What of a run its page shows: a part, and the step that was chosen. */
export interface IShown {
  readonly tab: Tab;
  readonly step: string | null;
}

export function isTab(name: unknown): name is Tab {
  return (TABS as readonly unknown[]).includes(name);
}
