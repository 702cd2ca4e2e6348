import { ChildProcess } from 'node:child_process';
import { Server, Socket } from 'node:net';

/** Runs before each test file of the project `fast`: what would make it slow, or depend on a machine, is an error. */
function refuse(): never {
  throw new Error(
    'this test file is in the project "fast", and it opens a port, a connection or a process: take it out of `fast` in vitest.config.ts',
  );
}

// Every server and client of Node goes through these: HTTP, PostgreSQL, Redis.
Server.prototype.listen = refuse;
Socket.prototype.connect = refuse;
// Node has it, its types do not.
Object.assign(ChildProcess.prototype, { spawn: refuse });
