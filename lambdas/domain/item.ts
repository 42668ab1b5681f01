/** The item a group really has, as the rest of the domain takes it. Types only; made by `effective-item.ts`. */
import type { PoolFields } from '../contract/placement.ts';

/** A config item with every default filled in. */
export interface EffectiveItem {
  taskGroup: string;
  concurrency: number;
  reserve: boolean;
  ratePerSecond?: number;
  consumer: 'plain' | 'sluice';
  code: { key: string; version?: string };
  function: {
    runtime: string;
    handler: string;
    memorySize: number;
    timeout: number;
    architecture: 'arm64' | 'x86_64';
    environment: Record<string, string>;
    layers: string[];
    vpc?: { subnetIds: string[]; securityGroupIds: string[] };
    ephemeralStorage: number;
    tracing: 'Active' | 'PassThrough';
    role?: string;
  };
  secrets: Record<string, string>;
  queue: { visibilityTimeout: number; messageRetention: number; maxReceiveCount: number; delay: number; fifo: boolean };
  batch: { size: number; window: number };
  retry: { maxRetries: number; baseSeconds: number; capSeconds: number };
  tags: Record<string, string>;
  paused: boolean;
  onDelete: 'drain' | 'discard';
  expiresAt?: number;
  /** It offers itself to jobs that state needs. */
  pool?: PoolFields;
}
