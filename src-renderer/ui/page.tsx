import { Fragment, type ReactNode } from 'react';
import { cx } from './class-names.ts';
import styles from './page.module.css';

interface PageProps {
  /** Also the title of the browser's tab. */
  title: string;
  /** What stands beside the title in its line: a status, a number. */
  beside?: ReactNode;
  /** Links to what contains it, outermost first. */
  breadcrumbs?: readonly ReactNode[];
  /** Buttons at the end of the title's line. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: its title, and what may be done with the whole of it. */
export function Page({ title, beside, breadcrumbs = [], actions, children }: PageProps) {
  return (
    <div className={styles.page}>
      <title>{`${title} · Playfleet`}</title>
      <header className={styles.head}>
        <div className={styles.names}>
          {breadcrumbs.map((crumb, index) => (
            <Fragment key={index}>
              <span className={styles.crumb}>{crumb}</span>
              <span className="muted" aria-hidden>
                /
              </span>
            </Fragment>
          ))}
          <h1 className={styles.title}>{title}</h1>
          {beside}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page under a heading of its own. */
export function Section({ title, actions, children }: { title: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <div className={styles.head}>
        <h2>{title}</h2>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A framed box; `title` where it needs one. */
export function Card({ title, className, children }: { title?: ReactNode; className?: string; children: ReactNode }) {
  return (
    <section className={cx(styles.card, className)}>
      {title !== undefined && <h2 className={styles.cardTitle}>{title}</h2>}
      {children}
    </section>
  );
}

/** Filters and actions in a line that wraps. */
export function Toolbar({ children }: { children: ReactNode }) {
  return <div className={styles.toolbar}>{children}</div>;
}

/** Terms with what they stand for, in two columns. */
export function Facts({ items }: { items: readonly (readonly [term: ReactNode, value: ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {items.map(([term, value], index) => (
        <Fragment key={index}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
