import * as React from 'react';

export interface ITab {
  readonly id: string;
  readonly label: string;
}

/** A row of tabs, with the body of the chosen one under it. Arrow keys, Home and End move between them. */
export function Tabs({
  tabs,
  chosen,
  label,
  onChoose,
  children
}: {
  tabs: readonly ITab[];
  chosen: string;
  /** What a screen reader calls the row. */
  label: string;
  onChoose: (id: string) => void;
  children: React.ReactNode;
}): React.JSX.Element {
  const own = React.useId();
  const row = React.useRef<HTMLDivElement>(null);
  const place = tabs.findIndex(tab => tab.id === chosen);

  const pressed = (event: React.KeyboardEvent) => {
    const to = {
      ArrowRight: (place + 1) % tabs.length,
      ArrowLeft: (place + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    }[event.key];
    const tab = to === undefined ? undefined : tabs[to];
    if (tab) {
      event.preventDefault();
      onChoose(tab.id);
      row.current?.querySelectorAll<HTMLElement>('[role=tab]')[to ?? 0]?.focus();
    }
  };

  return (
    <>
      <div ref={row} role="tablist" aria-label={label} className="kfj-Tabs" onKeyDown={pressed}>
        {tabs.map(tab => (
          <button
            key={tab.id}
            role="tab"
            id={`${own}-${tab.id}`}
            aria-selected={tab.id === chosen}
            aria-controls={`${own}-body`}
            tabIndex={tab.id === chosen ? 0 : -1}
            className="kfj-Tab"
            onClick={() => onChoose(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${own}-body`} aria-labelledby={`${own}-${chosen}`} className="kfj-TabBody">
        {children}
      </div>
    </>
  );
}
