/** Colours of the theme that is shown, for what draws itself: the text of a token names both themes, and a canvas knows neither. */

/** Reads tokens as they count at `element`: `read('--text')` is a colour. */
export function coloursAt(element: Element): (token: `--${string}`) => string {
  return (token) => {
    const probe = document.createElement('span');
    probe.style.color = `var(${token})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
