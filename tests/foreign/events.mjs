// The CloudEvents SDK for JavaScript over amqplib: `publish` sends the events of its input, `read` prints those that arrive.
import { connect } from "amqplib";
import { CloudEvent } from "cloudevents";
import { text } from "node:stream/consumers";

const EXCHANGE = "lingjun.events";
const COLON = "cloudEvents:";
const TIMES = {
  text: (moment) => moment,
  timestamp: (moment) => ({ "!": "timestamp", value: Date.parse(moment) / 1000 }),
  milliseconds: (moment) => Date.parse(moment),
  nanoseconds: (moment) => ({ "!": "timestamp", value: Date.parse(moment) * 1e6 }),
};

function headersOf(event, prefix, time) {
  const { data, datacontenttype, ...attributes } = event.toJSON();
  const headers = { ...attributes, time: TIMES[time](attributes.time) };
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [prefix + name, value]));
}

function eventOf({ content, properties }) {
  const attributes = Object.entries(properties.headers).map(([name, value]) => [name.slice(COLON.length), value]);
  const data = JSON.parse(content.toString());
  return new CloudEvent({ ...Object.fromEntries(attributes), datacontenttype: properties.contentType, data });
}

async function publish(connection, messages) {
  const channel = await connection.createConfirmChannel();
  for (const { attributes, data, prefix, time } of messages) {
    const event = new CloudEvent({ ...attributes, datacontenttype: "application/json", data });
    const options = { contentType: event.datacontenttype, headers: headersOf(event, prefix, time), persistent: true };
    channel.publish(EXCHANGE, event.type, Buffer.from(JSON.stringify(event.data)), { ...options, mandatory: true });
  }
  await channel.waitForConfirms();
}

async function read(connection, { queue, count }) {
  const channel = await connection.createChannel();
  const events = [];
  await new Promise((enough) =>
    channel.consume(queue, (message) => {
      events.push(eventOf(message));
      channel.ack(message);
      if (events.length === count) enough();
    }),
  );
  console.log(JSON.stringify(events));
}

const { url, ...input } = JSON.parse(await text(process.stdin));
const connection = await connect(url);
await (process.argv[2] === "publish" ? publish(connection, input.messages) : read(connection, input));
await connection.close();
