export const byId = (id) => document.getElementById(id);

// An element; texts in its content stay text, whatever is in them.
export function make(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}
