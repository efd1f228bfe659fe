// Asks for every page as fifty users do, and now and then for a flag that there is none of.
const origin = process.env.ORIGIN ?? `http://localhost:${process.env.PORT ?? 3000}`;
const countries = ["DE", "FR", "US"] as const;
let requests = 0;

async function ask(path: string, headers: Record<string, string> = {}): Promise<void> {
  await (await fetch(origin + path, { headers })).arrayBuffer();
  requests++;
}

for (let user = 1; user <= 50; user++) {
  for (const page of ["search", "checkout", "prices"]) {
    await ask(`/${page}?user=user-${user}`, { "cf-ipcountry": countries[user % 3] ?? "US" });
  }
  if (user % 10 === 0) await ask("/typo");
}
console.log(`${requests} requests`);
