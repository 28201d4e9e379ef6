import type { StepView } from '../api/schema';
import type { StepState } from '../ui/states';

/** A step as the graph shows it. */
export interface IGraphNode {
  readonly name: string;
  readonly role: StepView['role'];
  /** How many cells it has. */
  readonly cells: number;
  /** Problems that are of this step. */
  readonly errors?: number;
  readonly warnings?: number;
}

/** How a step of a run stands. `StepRunView` is one. */
export interface IStepStatus {
  readonly state: StepState;
  readonly cached?: boolean;
  /** Unix seconds. */
  readonly started?: number | null;
  readonly seconds?: number | null;
  /** Which of its cells runs, from 1. */
  readonly progress?: { readonly cell: number; readonly of: number };
}
