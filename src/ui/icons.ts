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

/** What an administrator has locked. JupyterLab 4.2 has no such icon. */
export const lockIcon = new LabIcon({
  name: 'kfjlab:lock',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" fill-rule="evenodd"
    d="M4.5 7V5a3.5 3.5 0 0 1 7 0v2h.5a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zM6 7h4V5a2 2 0 0 0-4 0z"/>
</svg>`
});
