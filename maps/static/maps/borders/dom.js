// Small helpers for what the page builds: always elements and text, never markup.

/** `el("li", { class: "x", onclick: f }, "text", child)`. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A copy of one of the page's icons, `<template data-icon="x">`. */
export function icon(name) {
  const template = document.querySelector(`template[data-icon="${name}"]`);
  return template ? template.content.cloneNode(true) : "";
}

/** A copy of what is in `<template data-form="x">`. */
export function formOf(name) {
  return document.querySelector(`template[data-form="${name}"]`).content.firstElementChild.cloneNode(true);
}
