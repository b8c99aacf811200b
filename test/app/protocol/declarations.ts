import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/**
 * Reads types from the sources, because they do not exist at run time. Reads what these tests need of TypeScript. Every method
 * throws if the name does not exist, so that no test passes by finding nothing.
 */
export class Declarations {
  readonly #source: ts.SourceFile;

  /** @param path from the root of the repository */
  constructor(path: string) {
    const text = readFileSync(join(__dirname, "../../..", path), "utf8");
    this.#source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  }

  /** The names of the types in a union. */
  union(name: string): string[] {
    const alias = this.#find(ts.isTypeAliasDeclaration, name);
    if (!ts.isUnionTypeNode(alias.type)) throw new Error(`${name} is no union`);
    return alias.type.types.map((member) => member.getText());
  }

  /** The properties of an interface, including inherited ones; optional ones end in `?`. */
  properties(name: string): string[] {
    const { members, heritageClauses = [] } = this.#find(ts.isInterfaceDeclaration, name);
    const inherited = heritageClauses.flatMap(({ types }) =>
      types.flatMap(({ expression }) => this.properties(expression.getText())),
    );
    return [
      ...inherited,
      ...members.map((member) => `${member.name?.getText() ?? ""}${member.questionToken ? "?" : ""}`),
    ];
  }

  /** The strings that a property of an interface allows. */
  words(name: string, property: string): string[] {
    const { members } = this.#find(ts.isInterfaceDeclaration, name);
    const member = members.find((one) => one.name?.getText() === property);
    if (!member || !ts.isPropertySignature(member) || !member.type) {
      throw new Error(`${name} has no ${property}`);
    }
    const types = ts.isUnionTypeNode(member.type) ? member.type.types : [member.type];
    return types.map((type) => JSON.parse(type.getText()) as string);
  }

  /** The first two arguments of every call of a function, if both are literals. */
  calls(name: string): string[][] {
    const found: string[][] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.expression.getText() === name) {
        const literals = node.arguments.slice(0, 2).filter((argument) => ts.isLiteralExpression(argument));
        if (literals.length === 2) found.push(literals.map(({ text }) => text));
      }
      ts.forEachChild(node, visit);
    };
    visit(this.#source);
    if (found.length === 0) throw new Error(`nothing calls ${name}`);
    return found;
  }

  #find<T extends ts.DeclarationStatement>(isKind: (node: ts.Node) => node is T, name: string): T {
    const found = this.#source.statements.filter(isKind).find((one) => one.name?.getText() === name);
    if (!found) throw new Error(`${this.#source.fileName} has no ${name}`);
    return found;
  }
}
