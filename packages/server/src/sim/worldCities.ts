/** Where simulated participants live. */
export interface City {
  readonly name: string;
  readonly region: Region;
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
  /** People of the metropolitan area, millions, rounded: how often a participant is drawn from there. */
  readonly millions: number;
}

export type Region =
  | "North America"
  | "South America"
  | "Europe"
  | "Africa"
  | "Middle East"
  | "South Asia"
  | "East Asia"
  | "South-East Asia"
  | "Oceania";

type Row = readonly [name: string, latitude: number, longitude: number, millions: number];

/** Coordinates to a tenth of a degree and sizes to a million or so: general knowledge, no data set. */
const rows: Readonly<Record<Region, readonly Row[]>> = {
  "North America": [
    ["New York", 40.7, -74, 20],
    ["Los Angeles", 34.1, -118.2, 13],
    ["Chicago", 41.9, -87.6, 9.5],
    ["Dallas", 32.8, -96.8, 7.5],
    ["Houston", 29.8, -95.4, 7],
    ["Miami", 25.8, -80.2, 6],
    ["Atlanta", 33.7, -84.4, 6],
    ["San Francisco", 37.8, -122.4, 7],
    ["Seattle", 47.6, -122.3, 4],
    ["Denver", 39.7, -105, 3],
    ["Toronto", 43.7, -79.4, 6],
    ["Montreal", 45.5, -73.6, 4],
    ["Vancouver", 49.3, -123.1, 2.5],
    ["Mexico City", 19.4, -99.1, 22],
  ],
  "South America": [
    ["São Paulo", -23.6, -46.6, 22],
    ["Rio de Janeiro", -22.9, -43.2, 13],
    ["Buenos Aires", -34.6, -58.4, 15],
    ["Lima", -12, -77, 11],
    ["Bogotá", 4.7, -74.1, 11],
    ["Santiago", -33.4, -70.7, 7],
  ],
  Europe: [
    ["London", 51.5, -0.1, 14],
    ["Paris", 48.9, 2.4, 12],
    ["Madrid", 40.4, -3.7, 6.5],
    ["Barcelona", 41.4, 2.2, 5],
    ["Milan", 45.5, 9.2, 5],
    ["Rome", 41.9, 12.5, 4],
    ["Berlin", 52.5, 13.4, 4.5],
    ["Cologne", 50.9, 7, 8],
    ["Munich", 48.1, 11.6, 3],
    ["Amsterdam", 52.4, 4.9, 3],
    ["Warsaw", 52.2, 21, 3],
    ["Stockholm", 59.3, 18.1, 2.5],
    ["Lisbon", 38.7, -9.1, 3],
    ["Athens", 38, 23.7, 3.5],
    ["Moscow", 55.8, 37.6, 17],
    ["Kyiv", 50.5, 30.5, 3],
  ],
  Africa: [
    ["Lagos", 6.5, 3.4, 15],
    ["Nairobi", -1.3, 36.8, 5],
    ["Johannesburg", -26.2, 28, 10],
    ["Cape Town", -33.9, 18.4, 4.5],
    ["Accra", 5.6, -0.2, 4],
  ],
  "Middle East": [
    ["Cairo", 30, 31.2, 21],
    ["Istanbul", 41, 29, 15],
    ["Dubai", 25.2, 55.3, 4],
    ["Riyadh", 24.7, 46.7, 7],
    ["Tel Aviv", 32.1, 34.8, 4],
  ],
  "South Asia": [
    ["Delhi", 28.6, 77.2, 31],
    ["Mumbai", 19.1, 72.9, 21],
    ["Bengaluru", 13, 77.6, 13],
    ["Karachi", 24.9, 67, 16],
    ["Dhaka", 23.8, 90.4, 22],
  ],
  "East Asia": [
    ["Tokyo", 35.7, 139.7, 37],
    ["Osaka", 34.7, 135.5, 19],
    ["Seoul", 37.6, 127, 25],
    ["Taipei", 25, 121.5, 7],
    ["Hong Kong", 22.3, 114.2, 7.5],
    ["Shanghai", 31.2, 121.5, 28],
    ["Beijing", 39.9, 116.4, 21],
  ],
  "South-East Asia": [
    ["Singapore", 1.3, 103.8, 6],
    ["Jakarta", -6.2, 106.8, 33],
    ["Manila", 14.6, 121, 24],
    ["Bangkok", 13.8, 100.5, 15],
    ["Ho Chi Minh City", 10.8, 106.7, 9],
  ],
  Oceania: [
    ["Sydney", -33.9, 151.2, 5],
    ["Melbourne", -37.8, 145, 5],
    ["Auckland", -36.8, 174.8, 1.7],
  ],
};

/** 66 large cities of all inhabited continents. */
export const worldCities: readonly City[] = (Object.keys(rows) as Region[]).flatMap((region) =>
  rows[region].map(([name, latitude, longitude, millions]) => ({
    name,
    region,
    latitude,
    longitude,
    millions,
  })),
);
