// The chart library's module, which the build copies to vendor/: its types are the package's own.
import uPlot from 'uplot';
export default uPlot;
