/** Links inside the dashboard; `to` and `params` are checked against the routes of app/router.tsx. */
import { createLink } from '@tanstack/react-router';
import type { ComponentProps } from 'react';
import buttonStyles from './button.module.css';
import { cx } from './class-names.ts';

export { Link } from '@tanstack/react-router';

interface AnchorProps extends ComponentProps<'a'> {
  look?: 'plain' | 'primary';
}

function ButtonAnchor({ look = 'plain', className, ...rest }: AnchorProps) {
  return <a className={cx(buttonStyles.button, buttonStyles[look], className)} {...rest} />;
}

/** A link that looks like a button: it leads to where something is done. */
export const LinkButton = createLink(ButtonAnchor);
