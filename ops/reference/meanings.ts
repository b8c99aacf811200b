import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** An object literal of a schema: its keys, with their doc comments. */
interface Literal {
  readonly keys: ReadonlyMap<string, string>;
  /** Keys whose value is a constant of this name: the constant's comment describes them. */
  readonly constants: ReadonlyMap<string, string>;
}

/** The functions that create an object's schema. */
const makers = ["object", "z.strictObject", "z.looseObject"];

/**
 * The descriptions of keys, from the doc comments in the sources of a schema. People read these in an editor; this copies them to
 * the page, so that they are written once.
 */
export class Meanings {
  readonly #literals: Literal[] = [];
  /** The comments of `const name = …`, by name. */
  readonly #constants = new Map<string, string>();

  /** @param folders folders with the sources, which are read recursively */
  constructor(folders: readonly string[]) {
    for (const folder of folders) {
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const file of files.filter((name) => name.endsWith(".ts"))) this.#read(path.join(folder, file));
    }
  }

  /**
   * The description of a key; undefined if it has no comment.
   *
   * @param siblings all keys of the object to which it belongs, including itself
   */
  of(key: string, siblings: readonly string[]): string | undefined {
    const own = new Set(siblings);
    // The literal with most of these keys and no others: the object was created from it.
    const [best] = this.#literals
      .filter(({ keys }) => keys.has(key) && [...keys.keys()].every((name) => own.has(name)))
      .sort(
        (a, b) =>
          b.keys.size - a.keys.size || (b.keys.get(key) ?? "").length - (a.keys.get(key) ?? "").length,
      );
    const comment = best?.keys.get(key) ?? "";
    return comment === "" ? this.#constants.get(best?.constants.get(key) ?? "") : comment;
  }

  #read(file: string): void {
    const text = readFileSync(file, "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const constants: [name: string, node: ts.Node][] = [];
    const literals: ts.ObjectLiteralExpression[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isVariableStatement(node)) {
        for (const { name } of node.declarationList.declarations) constants.push([name.getText(), node]);
      }
      if (ts.isObjectLiteralExpression(node) && isSchema(node)) literals.push(node);
      ts.forEachChild(node, visit);
    };
    visit(source);
    // The value of a key shows its kind, so the kinds' own comments are not used.
    for (const [name, node] of file.endsWith("values.ts") ? [] : constants) {
      const comment = commentOf(node, text);
      if (comment !== "") this.#constants.set(name, comment);
    }
    this.#literals.push(...literals.map((literal) => read(literal, text)));
  }
}

/** Whether a literal is an object's schema, or a constant that is spread into one. */
function isSchema({ parent }: ts.ObjectLiteralExpression): boolean {
  if (ts.isVariableDeclaration(parent)) return true;
  return ts.isCallExpression(parent) && makers.includes(parent.expression.getText());
}

function read(literal: ts.ObjectLiteralExpression, text: string): Literal {
  const keys = new Map<string, string>();
  const constants = new Map<string, string>();
  for (const property of literal.properties) {
    if (!ts.isPropertyAssignment(property) && !ts.isShorthandPropertyAssignment(property)) continue;
    const key = property.name.getText();
    keys.set(key, commentOf(property, text));
    const value = ts.isPropertyAssignment(property) ? property.initializer.getText() : key;
    const [, constant] = /^(?:aws\.)?(\w+)/.exec(value) ?? [];
    if (constant !== undefined) constants.set(key, constant);
  }
  return { keys, constants };
}

/** The doc comment directly before a node, as one line. */
function commentOf(node: ts.Node, text: string): string {
  const comments = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const doc = comments
    .map(({ pos, end }) => text.slice(pos, end))
    .filter((comment) => comment.startsWith("/**"))
    .at(-1);
  if (doc === undefined) return "";
  const lines = doc.slice(3, -2).split("\n");
  const words = lines.map((line) => line.replace(/^\s*\*?\s?/, "").trim()).filter((line) => line !== "");
  return words.join(" ").replace(/\{@link ([^}]*)\}/g, "`$1`");
}
