export { forceCollide, forceLink, forceManyBody, forceRadial, forceSimulation, forceX, forceY } from 'd3-force';
export { quadtree } from 'd3-quadtree';
export { sankey, sankeyLinkHorizontal } from 'd3-sankey';
export { select } from 'd3-selection';
export { zoom, zoomIdentity } from 'd3-zoom';
