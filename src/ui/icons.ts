import { LabIcon } from '@jupyterlab/ui-components';

/** Steps that follow each other: kfjlab's own sign. */
export const pipelineIcon = new LabIcon({
  name: 'kfjlab:pipeline',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <rect x="5" y="1" width="6" height="4" rx="1"/>
    <rect x="1" y="11" width="6" height="4" rx="1"/>
    <rect x="9" y="11" width="6" height="4" rx="1"/>
    <path d="M7.4 5h1.2v2.4h4V11h-1.2V8.6H4.6V11H3.4V7.4h4z"/>
  </g>
</svg>`
});
