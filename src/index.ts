import { aboutPlugin } from './about/plugin';

export default [aboutPlugin];
