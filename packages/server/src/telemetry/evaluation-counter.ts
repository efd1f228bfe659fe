import type {
  EvaluationDetails,
  EvaluationErrorCode,
  EvaluationObserver,
  EvaluationSeries,
} from "@halyard/core";
import { valueLabel } from "./calling-observer.ts";
import { type KeyCap, OTHER } from "./key-cap.ts";

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
type Series = Mutable<EvaluationSeries>;

/** Told of every new series, and of the reads that were timed; seconds. */
export interface SeriesListener {
  readonly added: (series: EvaluationSeries) => void;
  readonly timed: (series: EvaluationSeries, duration: number) => void;
}

/** Series per distinct key: keys times reasons times variants, as far as that is reasonable. */
const SERIES_PER_KEY = 10;

/**
 * Counts reads by flag, reason and value. The details of a known flag are one object per outcome,
 * so that the number to add to is found with one look-up and without making anything.
 */
export class EvaluationCounter implements EvaluationObserver {
  readonly series: EvaluationSeries[] = [];
  readonly #listener: SeriesListener;
  readonly #perFlag: boolean;
  readonly #keys: KeyCap;
  readonly #most: number;
  readonly #byDetails = new WeakMap<EvaluationDetails, Series>();
  readonly #byName = new Map<string, Series>();
  readonly #failures = new Map<string, Map<string | undefined, Series>>();
  /** Of the read that is under way, where it was timed; seconds. */
  #duration: number | undefined;

  constructor(
    listener: SeriesListener,
    options: { readonly perFlag: boolean; readonly keys: KeyCap; readonly maxKeys: number },
  ) {
    this.#listener = listener;
    this.#perFlag = options.perFlag;
    this.#keys = options.keys;
    this.#most = options.maxKeys * SERIES_PER_KEY;
  }

  /** The read that `evaluated` is told of next was timed; seconds. */
  timed(duration: number): void {
    this.#duration = duration;
  }

  evaluated(details: EvaluationDetails): void {
    const series = this.#byDetails.get(details) ?? this.#find(details);
    series.count++;
    if (this.#duration === undefined) return;
    this.#listener.timed(series, this.#duration);
    this.#duration = undefined;
  }

  #find(details: EvaluationDetails): Series {
    const { errorCode, reason, flagKey } = details;
    if (errorCode !== undefined) {
      // Their details are made anew each time. A key within the cap goes by its own name.
      const known = this.#failures.get(errorCode)?.get(this.#perFlag ? flagKey : undefined);
      if (known !== undefined) return known;
    }
    const key = this.#perFlag ? this.#keys.nameOf(details) : undefined;
    if (errorCode !== undefined) return this.#failure(errorCode, key);
    const series = this.#seriesOf(key, reason, valueLabel(details));
    this.#byDetails.set(details, series);
    return series;
  }

  #failure(code: EvaluationErrorCode, key: string | undefined): Series {
    let byKey = this.#failures.get(code);
    if (byKey === undefined) {
      byKey = new Map();
      this.#failures.set(code, byKey);
    }
    let series = byKey.get(key);
    if (series === undefined) {
      series = this.#add({ key, reason: "ERROR", value: "", errorType: code, count: 0 });
      byKey.set(key, series);
    }
    return series;
  }

  #seriesOf(key: string | undefined, reason: EvaluationSeries["reason"], value: string): Series {
    const name = `${key ?? ""}\n${reason}\n${value}`;
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= this.#most && value !== OTHER) {
      return this.#seriesOf(this.#perFlag ? OTHER : undefined, reason, OTHER);
    }
    const series = this.#add({ key, reason, value, errorType: undefined, count: 0 });
    this.#byName.set(name, series);
    return series;
  }

  #add(series: Series): Series {
    this.series.push(series);
    this.#listener.added(series);
    return series;
  }
}
