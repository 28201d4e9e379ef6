import * as React from 'react';

/** The time in Unix seconds, anew every `seconds` while the component is shown. */
export function useNow(seconds: number): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}
