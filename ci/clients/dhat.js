#!/usr/bin/env node
// Loads a DHAT file into Valgrind's own viewer, without a browser, and checks what the viewer makes of it: that it builds
// its tree, that the tree has the totals that are expected, that every stack of the file is in it with its figures, and
// that no page of it shows what is no number.
//
// The viewer is `dh_view.js` of the Debian package `valgrind`; another place of it can be given by DH_VIEW.
"use strict";

const fs = require("fs");
const vm = require("vm");
const { execFileSync } = require("child_process");

const USAGE = "Usage: ci/clients/dhat.js FILE TOTAL_BYTES TOTAL_BLOCKS";

// A line of the viewer that has figures, behind the branches of the tree; names are in lines of frames.
const FIGURES = /^[\s│├└─▼▶]*(Total|Max|At t-gmax|At t-end|t-gmax|t-end|Reads|Writes|PP significance threshold):/;

function fail(text) {
  console.error(`dhat.js: ${text}`);
  process.exit(1);
}

function viewerPath() {
  if (process.env.DH_VIEW) {
    return process.env.DH_VIEW;
  }
  try {
    const files = execFileSync("dpkg", ["-L", "valgrind"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return files.split("\n").find((file) => file.endsWith("/dh_view.js")) || fail("the package valgrind has no dh_view.js");
  } catch (error) {
    return fail("the package valgrind is not installed; install it, or name its dh_view.js by DH_VIEW");
  }
}

// As much of a page as the viewer touches: elements that hold others, and their text.
class Element {
  constructor(text = "") {
    Object.assign(this, { childNodes: [], className: "", text });
  }
  appendChild(child) {
    child.parentNode = this;
    this.childNodes.push(child);
  }
  replaceChild(replacement, old) {
    replacement.parentNode = this;
    this.childNodes[this.childNodes.indexOf(old)] = replacement;
  }
  cloneNode() {
    return new Element();
  }
  set textContent(text) {
    this.text = text;
  }
  get textContent() {
    return this.text + this.childNodes.map((child) => child.textContent).join("");
  }
}

function openViewer(path) {
  const document = {
    title: "",
    body: new Element(),
    location: { search: "" },
    createElement: () => new Element(),
    createTextNode: (text) => new Element(text),
  };
  const page = vm.createContext({ document, performance, console, URLSearchParams });
  vm.runInContext(fs.readFileSync(path, "utf8"), page, { filename: path });
  vm.runInContext("onLoad(); gSelect.selectedIndex = gSelectData.findIndex((data) => data.isDefault);", page);
  return page;
}

// Every stack of the tree with its figures, as "leaf,..,root": the leaves of the viewer's tree are the entries of the file.
function stacksOf(node, above, stacks) {
  const frames = above.concat(node._frames);
  if (node._kids) {
    node._kids.forEach((kid) => stacksOf(kid, frames, stacks));
    const sum = (field) => node._kids.reduce((total, kid) => total + kid[field], 0);
    if (sum("_totalBytes") !== node._totalBytes || sum("_totalBlocks") !== node._totalBlocks) {
      fail(`a node of the tree is not the sum of what is below it: frames ${frames}`);
    }
  } else {
    stacks.set(frames.slice(1).join(), [node._totalBytes, node._totalBlocks]);
  }
  return stacks;
}

function checkStacks(root, points, frames) {
  const stacks = stacksOf(root, [], new Map());
  for (const point of points) {
    if (!point.fs.every((frame) => frame > 0 && frame < frames)) {
      fail(`the stack ${point.fs} names a frame that is not there`);
    }
    const [bytes, blocks] = stacks.get(point.fs.join()) || fail(`the viewer lost the stack ${point.fs}`);
    if (bytes !== point.tb || blocks !== point.tbk) {
      fail(`the viewer has ${bytes} bytes in ${blocks} blocks for the stack ${point.fs}, the file ${point.tb} in ${point.tbk}`);
    }
  }
  // Without entries the root itself is the only leaf.
  if (stacks.size !== Math.max(points.length, 1)) {
    fail(`the viewer has ${stacks.size} stacks, the file ${points.length}`);
  }
}

// Shows the tree by each metric that the viewer offers for the file, and gives their number.
function checkPages(page) {
  const offered = vm.runInContext("gSelect.childNodes.map((option, place) => option.disabled ? -1 : place)", page);
  const places = offered.filter((place) => place >= 0);
  for (const place of places) {
    const text = vm.runInContext(`gSelect.selectedIndex = ${place}; displayTree(); gMainDiv.textContent`, page);
    const wrong = text.split("\n").find((line) => FIGURES.test(line) && /NaN|undefined|null|∞/.test(line));
    if (wrong !== undefined) {
      fail(`the viewer shows what is no number: ${wrong.trim()}`);
    }
  }
  return places.length;
}

function check(file, totalBytes, totalBlocks) {
  const page = openViewer(viewerPath());
  page.text = fs.readFileSync(file, "utf8");
  try {
    vm.runInContext("gFilename = 'file'; gData = JSON.parse(text); buildTree();", page);
  } catch (error) {
    fail(`the viewer refuses ${file}: ${error.message}`);
  }
  const root = vm.runInContext("gRoot", page);
  const found = `${root._totalBytes} bytes in ${root._totalBlocks} blocks`;
  if (root._totalBytes !== totalBytes || root._totalBlocks !== totalBlocks) {
    fail(`the viewer finds ${found} in ${file}, expected are ${totalBytes} bytes in ${totalBlocks} blocks`);
  }
  const data = vm.runInContext("gData", page);
  checkStacks(root, data.pps, data.ftbl.length);
  const pages = checkPages(page);
  console.log(`${file}: ${found}, ${data.pps.length} stacks, shown by ${pages} metrics`);
}

const [file, totalBytes, totalBlocks, ...more] = process.argv.slice(2);
const isFigure = (text) => /^[0-9]+$/.test(text || "");
if (!file || !isFigure(totalBytes) || !isFigure(totalBlocks) || more.length > 0) {
  console.error(USAGE);
  process.exit(file === "--help" ? 0 : 2);
}
check(file, Number(totalBytes), Number(totalBlocks));
