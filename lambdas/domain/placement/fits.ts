/**
 * Which shapes of waiting jobs fit which pools now. A pool that changes is held against the shapes that suit it, and nothing
 * else is looked at again. Pure.
 */
import type { PoolRow } from '../../contract/placement-table.ts';
import { hasRoom, isPossible, type Pool, poolOfRow, type Shape, shapeOf, suits, type Wish } from './shape.ts';
import { Use } from './units.ts';

/** A pool and a shape that suit each other. */
export interface Match {
  readonly pool: KnownPool;
  readonly shape: KnownShape;
  /** It would fit if the pool were empty. */
  possible: boolean;
  fits: boolean;
}

export interface KnownPool extends Pool {
  matches: Match[];
}

export interface KnownShape extends Shape {
  /** By task group of the pool. */
  readonly matches: Map<string, Match>;
  /** Pools that it would fit if they were empty, and those that it fits now. */
  possible: number;
  fitting: number;
  waiting: number;
}

/** Of a shape that something is different of now. */
interface Told {
  /** It fits somewhere and did not, or the other way round. */
  fit(shape: KnownShape): void;
  /** It may fit somewhere where it could not have, even if the pool was empty, or the other way round. */
  reach(shape: KnownShape): void;
}

/** Shapes that nothing of waits any more are kept up to here, as they mostly come back. */
const keptShapes = 1_000;

export class Fits {
  readonly pools = new Map<string, KnownPool>();
  /** Of pools that are gone, too: what runs there still counts once they are back. */
  readonly #uses = new Map<string, Use>();
  readonly #shapes = new Map<string, KnownShape>();
  #idleShapes = 0;
  readonly #told: Told;

  constructor(told: Told) {
    this.#told = told;
  }

  /** Says whether anything but what is used of it has changed. */
  setPool(row: PoolRow): boolean {
    const known = this.pools.get(row.taskGroup);
    if (known !== undefined && offerOf(known.row) === offerOf(row)) return false;
    const changed = new Set(this.#drop(known));
    const pool: KnownPool = { ...poolOfRow(row, this.useOf(row.taskGroup)), matches: [] };
    this.pools.set(row.taskGroup, pool);
    for (const shape of this.#shapes.values()) if (link(pool, shape)?.possible) changed.add(shape);
    for (const shape of changed) this.#tell(shape);
    return true;
  }

  removePool(taskGroup: string): boolean {
    const known = this.pools.get(taskGroup);
    for (const shape of this.#drop(known)) this.#tell(shape);
    return this.pools.delete(taskGroup);
  }

  useOf(taskGroup: string): Use {
    const known = this.#uses.get(taskGroup);
    if (known !== undefined) return known;
    const use = new Use();
    this.#uses.set(taskGroup, use);
    return use;
  }

  changeUse(taskGroup: string, needed: readonly [string, number][], times: 1 | -1): void {
    this.useOf(taskGroup).change(needed, times);
    // Of more use nothing begins to fit, and of less nothing ends.
    const fitted = times > 0;
    for (const match of this.pools.get(taskGroup)?.matches ?? []) {
      if (match.fits !== fitted || !match.possible || hasRoom(match.pool, match.shape) === fitted) continue;
      match.fits = !fitted;
      match.shape.fitting += times > 0 ? -1 : 1;
      if (match.shape.fitting === (times > 0 ? 0 : 1)) this.#told.fit(match.shape);
    }
  }

  /** The shape of one more job that waits. */
  enter(wish: Wish): KnownShape {
    const wanted = shapeOf(wish);
    const known = this.#shapes.get(wanted.key);
    const shape = known ?? this.#meet(wanted);
    if (known?.waiting === 0) this.#idleShapes -= 1;
    shape.waiting += 1;
    return shape;
  }

  /** One job of it waits no more. */
  leave(shape: KnownShape): void {
    shape.waiting -= 1;
    if (shape.waiting > 0) return;
    this.#idleShapes += 1;
    if (this.#idleShapes > keptShapes) this.#forgetIdle();
  }

  /** Shapes that jobs of wait. */
  *shapes(): Generator<KnownShape> {
    for (const shape of this.#shapes.values()) if (shape.waiting > 0) yield shape;
  }

  #tell(shape: KnownShape): void {
    this.#told.fit(shape);
    this.#told.reach(shape);
  }

  #meet(wanted: Shape): KnownShape {
    const shape: KnownShape = { ...wanted, matches: new Map(), possible: 0, fitting: 0, waiting: 0 };
    this.#shapes.set(shape.key, shape);
    for (const pool of this.pools.values()) link(pool, shape);
    return shape;
  }

  #drop(pool: KnownPool | undefined): KnownShape[] {
    const matches = pool?.matches ?? [];
    for (const match of matches) unlink(match);
    return matches.filter(({ possible }) => possible).map(({ shape }) => shape);
  }

  #forgetIdle(): void {
    for (const [key, { waiting }] of this.#shapes) if (waiting === 0) this.#shapes.delete(key);
    for (const pool of this.pools.values()) pool.matches = pool.matches.filter(({ shape }) => shape.waiting > 0);
    this.#idleShapes = 0;
  }
}

function link(pool: KnownPool, shape: KnownShape): Match | undefined {
  if (!suits(pool, shape)) return undefined;
  const possible = isPossible(pool, shape);
  const match = { pool, shape, possible, fits: possible && hasRoom(pool, shape) };
  pool.matches.push(match);
  shape.matches.set(pool.row.taskGroup, match);
  if (match.possible) shape.possible += 1;
  if (match.fits) shape.fitting += 1;
  return match;
}

function unlink({ pool, shape, possible, fits }: Match): void {
  shape.matches.delete(pool.row.taskGroup);
  if (possible) shape.possible -= 1;
  if (fits) shape.fitting -= 1;
}

const offerOf = ({ jobs: _jobs, free: _free, ...offer }: PoolRow) => JSON.stringify(offer);
