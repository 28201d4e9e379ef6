import * as React from 'react';

import { RequestError } from '../../api/client';
import type * as schema from '../../api/schema';
import type { IPipelineModel } from '../../tokens';
import { type IVerdict, NO_VERDICT, verdictOf } from './checked';

/** Milliseconds without a change of the draft before the server is asked about it. */
const QUIET = 250;

/** What the server says of edits that are not made yet, as they are being written; `settled`: of these, not of those before. */
export function useCheck(
  model: IPipelineModel,
  edits: readonly schema.Edit[]
): IVerdict & { readonly settled: boolean } {
  const [verdict, setVerdict] = React.useState<{ key: string; is: IVerdict }>({ key: '[]', is: NO_VERDICT });
  const key = JSON.stringify(edits);
  React.useEffect(() => {
    let current = true;
    const ask = async () => {
      const is = key === '[]' ? NO_VERDICT : await judge(model, JSON.parse(key) as schema.Edit[]);
      if (current) {
        setVerdict({ key, is });
      }
    };
    const timer = setTimeout(() => void ask(), key === '[]' ? 0 : QUIET);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [model, key]);
  return { ...verdict.is, settled: verdict.key === key };
}

/** The verdict on edits; a refusal is one too, other failures wait until the edits are made. */
export async function judge(model: IPipelineModel, edits: readonly schema.Edit[]): Promise<IVerdict> {
  try {
    const { pipeline } = await model.check([...edits]);
    return model.view === null ? NO_VERDICT : verdictOf(pipeline, model.view);
  } catch (error) {
    if (error instanceof RequestError && error.failure === 'refused') {
      return { ...NO_VERDICT, refused: error.message };
    }
    return NO_VERDICT;
  }
}
