// Parses typed numbers such as "1/3", and formats numbers for display, such as "−4.5".
const PLAIN = /^[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})(e[+-]?\d{1,2})?$/i;

// "5,000" but not "1,5", which many countries use for 1.5
const THOUSANDS = /(?<![\d.,])[1-9]\d{0,2}(,\d{3})+(?![\d,])/g;

// A number from typed text ("5,000", "1e-3", "1/3", "−2", "１２"), or NaN.
export const parse = (text: string | null | undefined) => {
  const written = (text ?? "")
    .normalize("NFKC") // full-width digits, which some keyboards type
    .trim()
    .replaceAll("−", "-")
    .replaceAll(" ", "")
    .replace(THOUSANDS, (digits) => digits.replaceAll(",", ""));
  const parts = written.split("/");
  if (parts.length > 2 || !parts.every((part) => PLAIN.test(part))) return NaN;
  const value = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
  return Number.isFinite(value) ? value : NaN;
};

// At most `digits` decimals, no trailing zeros, a real minus sign; 1.2e+7 for large and small numbers.
export const short = (value: number, digits = 4) => {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 0.5 * 10 ** -digits)) return minus(value.toExponential(1));
  return minus(String(Number(value.toFixed(digits))));
};

// Exactly `digits` decimals, as in the lecture; a dash for null, NaN and infinity.
export const fixed = (value: number | null, digits = 4) =>
  value !== null && Number.isFinite(value) ? minus(value.toFixed(digits)) : "–";

// `digits` significant digits: 0.02231, 3.127e−7.
export const significant = (value: number, digits = 4) => {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const isLong = size < 1e-4 || size >= 1e6;
  return minus(isLong ? value.toExponential(digits - 1) : value.toPrecision(digits));
};

const minus = (text: string) => (/^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replaceAll("-", "−"));
export const whole = (value: number) => Math.round(value).toLocaleString("en-US");
export const signed = (value: number, digits = 4) =>
  (Number(value.toFixed(digits)) > 0 ? "+" : "") + fixed(value, digits);
