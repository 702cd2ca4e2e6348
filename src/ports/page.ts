/** One page of a long list. */
export type Page<Row> = {
  rows: Row[];
  /** Where the list goes on, in the vendor's own words; null at its end. Asked again, it gives the same place. */
  next: string | null;
  /** How long to leave what is left of the vendor's limit to more urgent work, in milliseconds; 0: plenty is left. */
  easeMs: number;
};
