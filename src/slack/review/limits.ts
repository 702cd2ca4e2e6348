/** Characters of a reason or a comment that somebody writes into a review: enough for a sentence or three. */
export const WORDS_MAX = 500;
