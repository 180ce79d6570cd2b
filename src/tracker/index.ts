// What `import … from 'shoal/tracker'` offers.

export { ShoalError } from '../base/errors.ts';
export { startTracker, type Tracker, type TrackerOptions } from './server.ts';
