/** Links inside the dashboard; `to` and `params` are checked against the routes of app/router.tsx. */
export { Link } from '@tanstack/react-router';
