// The part of a daemon's API by which something is shared: files sent to it, paths it can read, and the jobs that hash and
// publish them. Holds no schemas.

import type { Endpoint } from './endpoints.ts';

/** In one upload. */
export const MAX_UPLOAD_FILES = 100_000;
/** For a hundred thousand files with paths of ordinary length. */
const MAX_PLAN_LENGTH = 16 * 1024 * 1024;

export const shareEndpoints = {
  uploads: { method: 'GET', path: '/api/v1/uploads', policy: 'token', summary: 'What is being sent to this daemon' },
  startUpload: {
    method: 'POST',
    path: '/api/v1/uploads',
    policy: 'token',
    summary: 'Say what files come, to be kept below the share root',
    bodyLimit: MAX_PLAN_LENGTH,
  },
  upload: { method: 'GET', path: '/api/v1/uploads/:id', policy: 'token', summary: 'One upload, file by file' },
  sendFile: {
    method: 'PUT',
    path: '/api/v1/uploads/:id/files/:index',
    policy: 'token',
    summary: 'The bytes of one file, or those from `offset` on: what is here already',
    requestType: 'application/octet-stream',
  },
  cancelUpload: {
    method: 'DELETE',
    path: '/api/v1/uploads/:id',
    policy: 'token',
    summary: 'Stop it and delete what has come',
  },
  shareUpload: {
    method: 'POST',
    path: '/api/v1/uploads/:id/share',
    policy: 'token',
    summary: 'Hash, publish and seed what has come; it takes its place in the share root',
  },
  shares: { method: 'GET', path: '/api/v1/shares', policy: 'token', summary: 'What is or was being shared' },
  share: {
    method: 'POST',
    path: '/api/v1/shares',
    policy: 'token',
    summary: 'Hash, publish and seed a file or folder where it lies, below an allowed directory',
  },
  cancelShare: {
    method: 'DELETE',
    path: '/api/v1/shares/:id',
    policy: 'token',
    summary: 'Stop a share that is not done, or take one off this list; files stay where they are',
  },
  directories: {
    method: 'GET',
    path: '/api/v1/directories',
    policy: 'token',
    summary: 'What is in a directory, or the allowed ones',
  },
} as const satisfies Record<string, Endpoint<'token'>>;
