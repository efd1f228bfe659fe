export function userOf(headers: object): unknown;
