import { open } from "node:fs/promises";

/** Makes new and renamed files of a folder survive a power cut, where the system can do that (Windows cannot). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Not supported here: the file system keeps its own order.
  }
}
