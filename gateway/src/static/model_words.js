// What is told of a model, as text.
import {count, counted, date, percent, points, tenths, time} from './format.js';
import {schema} from './schema.js';

const isOfClasses = ({task}) => (task ?? schema.task) === 'classification';

export const algorithmName = (name) => name.replaceAll('_', ' ');

export function paramsInWords(params) {
  const found = Object.entries(params).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return found.join(', ') || 'default parameters';
}

export function bytes(size) {
  if (size == null) return '–';
  if (size < 1e3) return `${count(size)} B`;
  return size < 1e6 ? `${tenths(size / 1e3)} kB` : `${tenths(size / 1e6)} MB`;
}

// A time of day today, else with its date.
export function moment(text) {
  if (!text) return '–';
  const at = Date.parse(text);
  return date(at) === date(Date.now()) ? time(at) : `${date(at)}, ${time(at)}`;
}

// The error first, then what it is compared with: texts, the first as the most important.
function figures(metrics, ofClasses, baseline) {
  if (ofClasses) {
    return [`accuracy ${percent(metrics.accuracy)}`, ...baseline(percent(metrics.majority_accuracy)), `half Brier ${points(metrics.half_brier)}`];
  }
  return [`MAE ${points(metrics.mae)}`, ...(metrics.baseline_mae == null ? [] : baseline(points(metrics.baseline_mae))), `RMSE ${points(metrics.rmse)}`];
}

export function onHoldout(model) {
  const {metrics, holdout_rows_seen: seen} = model;
  const warning = seen > 0 ? [`${counted(seen, 'hold-out row')} in its training`] : [];
  if (!metrics) return ['not measured', ...warning];
  return [...figures(metrics, isOfClasses(model), (value) => [`baseline ${value}`]), ...warning];
}

function soFar(model, metrics, role) {
  if (!metrics?.rows) return [];
  const [first, ...others] = figures(metrics, isOfClasses(model), () => []);
  return [[first, ...others, `${counted(metrics.rows, 'row')} as the ${role} model`]];
}

// Of each role that it has had rows in: texts as above.
export const onLiveRows = (model) => [
  ...soFar(model, model.live_metrics, 'live'), ...soFar(model, model.shadow_metrics, 'shadow'),
];

// The errors of a training that is completed.
export function outcomeInWords(job) {
  if (job.accuracy != null) {
    return `Accuracy ${percent(job.accuracy)}, and ${percent(job.majority_accuracy)} by always telling the most frequent class; half Brier score ${points(job.half_brier)}.`;
  }
  const baseline = job.baseline_mae == null ? '' : `, and ${points(job.baseline_mae)} by always telling the median`;
  return `MAE ${points(job.mae)}${baseline}; RMSE ${points(job.rmse)}.`;
}
