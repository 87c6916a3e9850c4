// How many neighbours a search finds for each query, at most: the matches of all queries are in memory at once.

export const mostNeighbours = 1000;
