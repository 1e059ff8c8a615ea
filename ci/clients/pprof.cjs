// Decodes a pprof profile with the package pprof-format and prints the total of each sample type.
// A sum of JavaScript's numbers would round above 2^53, so that it is made of big integers.
const { readFileSync } = require("node:fs");
const { gunzipSync } = require("node:zlib");
const { Profile } = require("pprof-format");

const profile = Profile.decode(gunzipSync(readFileSync(process.argv[2])));
const string = (place) => profile.stringTable.strings[Number(place)];
const totals = new Map();
profile.sampleType.forEach((type, place) => {
  totals.set(string(type.type), profile.sample.reduce((sum, sample) => sum + BigInt(sample.value[place]), 0n));
});

const locations = new Map(profile.location.map((location) => [location.id, location]));
const functions = new Map(profile.function.map((code) => [code.id, code]));
for (const sample of profile.sample) {
  if (sample.locationId.length === 0) throw new Error("a sample without a location");
  for (const id of sample.locationId) {
    const { functionId } = locations.get(id).line[0];
    if (!string(functions.get(functionId).name)) throw new Error(`function ${functionId} has no name`);
  }
}

const order = ["alloc_space", "alloc_objects", "inuse_space", "inuse_objects", "peak_space", "peak_objects"];
console.log(order.map((type) => `${type}=${totals.get(type)}`).join(" "));
