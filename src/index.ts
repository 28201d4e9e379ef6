import { aboutPlugin } from './about/plugin';
import { pipelinesPlugin } from './notebook/plugin';
import { serverPlugin } from './server/plugin';

export default [aboutPlugin, serverPlugin, pipelinesPlugin];
