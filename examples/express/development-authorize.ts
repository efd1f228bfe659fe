import type { Authorize } from "@halyard/express";
import type { Request } from "express";

const LOCAL_ADDRESSES = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
const LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/**
 * NOT AUTHENTICATION. Lets whoever sits at this machine change flags, so that you can try it with
 * curl. In an application, say who `req.user` is and what they may do. In production it refuses
 * everybody.
 */
export function developmentAuthorize(): Authorize<Request> {
  if (process.env.NODE_ENV === "production") {
    console.error("/admin/flags refuses everybody: developmentAuthorize is not for production.");
    return () => false;
  }
  console.warn(
    "\n*** DEVELOPMENT ONLY: whoever can reach this machine's localhost can change flags at /admin/flags. ***\n",
  );
  return (req) => {
    // By name as well: a page whose own name leads to this machine must not get in.
    const name = req.headers.host?.replace(/:\d+$/, "") ?? "";
    const isLocal = LOCAL_ADDRESSES.includes(req.socket.remoteAddress ?? "");
    return isLocal && LOCAL_NAMES.includes(name) && { id: "developer", type: "person" };
  };
}
