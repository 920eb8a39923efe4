export {
  type PlacementOptions,
  type PlacementRecords,
  placeContent,
  type TagLedger,
} from './place-content.ts';
export { placeTag, type TagPlacement } from './place-tag.ts';
