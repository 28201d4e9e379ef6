import { aboutPlugin } from './about/plugin';
import { importingPlugin } from './importing/plugin';
import { inspectorPlugin } from './notebook/inspector-plugin';
import { pipelinesPlugin } from './notebook/plugin';
import { statusPlugin } from './notebook/status-plugin';
import { taggingPlugin } from './notebook/tagging-plugin';
import { panelPlugin } from './panel/plugin';
import { runsPlugin } from './runs/plugin';
import { runViewsPlugin } from './runs/views-plugin';
import { serverPlugin } from './server/plugin';
import { settingsPlugin } from './settings/plugin';

export default [
  aboutPlugin,
  serverPlugin,
  settingsPlugin,
  pipelinesPlugin,
  taggingPlugin,
  statusPlugin,
  inspectorPlugin,
  panelPlugin,
  importingPlugin,
  runsPlugin,
  runViewsPlugin
];
