/** Stands for authentication: believes a header. */
exports.userOf = (headers) => JSON.parse(headers["x-user"] ?? "null") ?? undefined;
