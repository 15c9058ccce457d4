import type { BeaconConfig } from "./sceneConfig.js";

const aws = (region: string, place: string): BeaconConfig => ({
  id: `aws-${region}`,
  url: `https://dynamodb.${region}.amazonaws.com/ping`,
  place,
});

/**
 * Public endpoints that answer quickly in one region of the world each: AWS's regional DynamoDB endpoints, whose
 * `/ping` has served latency tests for years. They are not ours: nobody promises that they stay, that they answer
 * this use, or that participants' networks let them through; and their operator sees participants' addresses. An
 * own server in each region is better where you have one. See `docs/beacons.md`.
 *
 * @example
 * ```ts
 * const near = ["aws-eu-west-1", "aws-eu-central-1", "aws-us-east-1"];
 * scene("ultimatum").beacons(publicBeacons.filter(({ id }) => near.includes(id)));
 * ```
 */
export const publicBeacons: readonly BeaconConfig[] = [
  aws("us-east-1", "Virginia"),
  aws("us-east-2", "Ohio"),
  aws("us-west-1", "Northern California"),
  aws("us-west-2", "Oregon"),
  aws("ca-central-1", "Montreal"),
  aws("sa-east-1", "São Paulo"),
  aws("eu-west-1", "Ireland"),
  aws("eu-west-2", "London"),
  aws("eu-west-3", "Paris"),
  aws("eu-central-1", "Frankfurt"),
  aws("eu-south-1", "Milan"),
  aws("eu-north-1", "Stockholm"),
  aws("me-south-1", "Bahrain"),
  aws("af-south-1", "Cape Town"),
  aws("ap-south-1", "Mumbai"),
  aws("ap-southeast-1", "Singapore"),
  aws("ap-southeast-2", "Sydney"),
  aws("ap-east-1", "Hong Kong"),
  aws("ap-northeast-1", "Tokyo"),
  aws("ap-northeast-2", "Seoul"),
];
