export {
  type KafkaExporterOptions,
  type KafkaMessage,
  type KafkaProducer,
  kafkaExporter,
} from "./kafka/exporter.ts";
