/** Rows of cells as aligned text; the first `left` columns are words, the others figures. */
export function asAligned(table: readonly (readonly string[])[], left: number): string {
  const widths = (table[0] as readonly string[]).map((_, column) => Math.max(...table.map((cells) => (cells[column] as string).length)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] as number;
    return column < left ? cell.padEnd(width) : cell.padStart(width);
  };
  return table.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

export function asMarkdownTable(table: readonly (readonly string[])[], left: number): string {
  const [headings, ...rows] = table as [readonly string[], ...(readonly string[])[]];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(headings), line(headings.map((_, column) => (column < left ? '---' : '--:'))), ...rows.map(line)].join('\n');
}
